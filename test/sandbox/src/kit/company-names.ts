export interface Name {
  name: string;
  ascii: string;
}

export interface Department {
  name: string;
  division: string;
  costCenter: string;
  titles: string[];
}

export interface Site {
  city: string;
  region?: string;
  country: string;
  postalCode: string;
  street: string;
  phone: string;
  mobile: string;
  language: string;
  locale: string;
  timeZone: string;
}

/** Names with their plain spelling where it differs: "Łukasz/Lukasz". */
const names = (text: string): Name[] =>
  text
    .trim()
    .split(/\s*,\s*/)
    .map((entry) => {
      const [name = '', ascii = name] = entry.split('/');
      return { name, ascii };
    });

export const GIVEN_NAMES: readonly Name[] = names(`
  Anna, Ben, Chiara, Daniel, Elif, Farah, Grace, Hugo, Ines, Jonas, Karin, Liam, Mara, Noah, Olivia, Peter, Quentin, Rosa, Samir, Tara,
  Uma, Viktor, Wanda, Xavier, Yasmin, Zoe, Łukasz/Lukasz, Jürgen/Juergen, Björn/Bjorn, Zoë/Zoe, François/Francois, José/Jose,
  Søren/Soren, Đorđe/Dorde, Siobhán/Siobhan, Nguyễn/Nguyen, 美咲/Misaki, 志明/Zhiming, Дмитрий/Dmitriy, Ελένη/Eleni, Anne-Marie, Jean-Luc,
  Aoife, Bruno, Carmen, Dilip, Esther, Felix, Gita, Hannah, Ivan, Joy, Kofi, Leila, Marek, Nadia, Omar, Priya, Ravi, Sofia, Tomas, Vera`);

export const FAMILY_NAMES: readonly Name[] = names(`
  Adams, Bauer, Costa, Dubois, Evans, Fischer, Garcia, Hansen, Ito, Jansen, Kowalski, Larsen, Meyer, Novak, Okafor, Patel, Quinn, Rossi,
  Schmidt, Taylor, Ueda, Vargas, Weber, Xu, Young, Zimmermann, Müller/Mueller, Gonçalves/Goncalves, Åkesson/Akesson, Øster/Oster,
  Wiśniewski/Wisniewski, Dvořák/Dvorak, O'Brien/OBrien, Nuñez/Nunez, Groß/Gross, Šimić/Simic, 山田/Yamada, 王/Wang, Иванов/Ivanov,
  Παπαδοπούλου/Papadopoulou, Trần/Tran, van der Berg/vanderBerg, de la Cruz/delaCruz, Smith-Jones, Abebe, Banerjee, Chandra, Diallo, Eriksen, Ferrari,
  Greene, Haddad, Iyer, Jensen, Keller, Lopez, Moreau, Ndiaye, Olsen, Petrov, Ramos, Silva, Tanaka, Urban, Vogel, Walsh, Yilmaz, Zhou`);

const department = (name: string, division: string, costCenter: string, titles: string): Department => ({
  name,
  division,
  costCenter,
  titles: titles.split(', '),
});

export const DEPARTMENTS: readonly Department[] = [
  department('Executive Office', 'Corporate', 'CC-1000', 'Chief of Staff, Executive Assistant'),
  department('Finance', 'Corporate', 'CC-1100', 'Accountant, Controller, Financial Analyst, Treasury Specialist'),
  department('People', 'Corporate', 'CC-1200', 'Recruiter, HR Business Partner, Payroll Specialist'),
  department('Legal', 'Corporate', 'CC-1300', 'Counsel, Paralegal, Compliance Officer'),
  department('Engineering', 'Technology', 'CC-2000', 'Software Engineer, Senior Software Engineer, Engineering Manager, Test Engineer'),
  department('Platform', 'Technology', 'CC-2100', 'Site Reliability Engineer, Systems Engineer, Cloud Architect'),
  department('Security', 'Technology', 'CC-2200', 'Security Engineer, Security Analyst'),
  department('Product', 'Technology', 'CC-2300', 'Product Manager, Product Designer, User Researcher'),
  department('Sales', 'Commercial', 'CC-3000', 'Account Executive, Sales Engineer, Sales Development Representative'),
  department('Marketing', 'Commercial', 'CC-3100', 'Content Strategist, Campaign Manager, Brand Designer'),
  department('Customer Care', 'Commercial', 'CC-3200', 'Support Engineer, Customer Success Manager'),
  department('Operations', 'Operations', 'CC-4000', 'Operations Analyst, Facilities Coordinator, Buyer'),
];

export const SITES: readonly Site[] = [
  {
    city: 'Berlin',
    country: 'DE',
    postalCode: '10115',
    street: 'Invalidenstraße',
    phone: '+49 30 555',
    mobile: '+49 151',
    language: 'de-DE',
    locale: 'de_DE',
    timeZone: 'Europe/Berlin',
  },
  {
    city: 'Dublin',
    country: 'IE',
    postalCode: 'D02 X285',
    street: 'Harcourt Street',
    phone: '+353 1 555',
    mobile: '+353 85',
    language: 'en-IE',
    locale: 'en_IE',
    timeZone: 'Europe/Dublin',
  },
  {
    city: 'Boston',
    region: 'MA',
    country: 'US',
    postalCode: '02110',
    street: 'Summer Street',
    phone: '+1 617 555',
    mobile: '+1 617',
    language: 'en-US',
    locale: 'en_US',
    timeZone: 'America/New_York',
  },
  {
    city: 'Austin',
    region: 'TX',
    country: 'US',
    postalCode: '78701',
    street: 'Congress Avenue',
    phone: '+1 512 555',
    mobile: '+1 512',
    language: 'en-US',
    locale: 'en_US',
    timeZone: 'America/Chicago',
  },
  {
    city: 'Kraków',
    country: 'PL',
    postalCode: '31-009',
    street: 'ulica Szewska',
    phone: '+48 12 555',
    mobile: '+48 601',
    language: 'pl-PL',
    locale: 'pl_PL',
    timeZone: 'Europe/Warsaw',
  },
  {
    city: 'Osaka',
    country: 'JP',
    postalCode: '530-0001',
    street: 'Umeda',
    phone: '+81 6 5555',
    mobile: '+81 90',
    language: 'ja-JP',
    locale: 'ja_JP',
    timeZone: 'Asia/Tokyo',
  },
  {
    city: 'Auckland',
    country: 'NZ',
    postalCode: '1010',
    street: 'Queen Street',
    phone: '+64 9 555',
    mobile: '+64 21',
    language: 'en-NZ',
    locale: 'en_NZ',
    timeZone: 'Pacific/Auckland',
  },
];

/** Names of groups that cut across departments. */
export const COLLEGES: readonly string[] = [
  'VPN users',
  'Travel bookers',
  'First aiders',
  'Fire wardens',
  'Works council',
  'Mentors',
  'On-call rota',
  'Change advisory board',
  'Data stewards',
  'Interview panel',
  'Release managers',
  'Green office',
  'Budget owners',
  'Beta testers',
  'Remote workers',
  'Berlin office',
  'Project Aurora',
  'Project Borealis',
  'Licence auditors',
  'Contract signers',
];
